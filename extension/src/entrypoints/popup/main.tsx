import '../../ui/theme.css'
import './popup.css'
import { render } from 'preact'
import { speak } from '../../ui/text.ts'
import { Popup } from './popup.tsx'

speak('Deskbell')
const root = document.getElementById('root')
if (root) render(<Popup />, root)

// What it takes from the click to something to read: `performance.getEntriesByName('deskbell:painted')`.
requestAnimationFrame(() => setTimeout(() => performance.mark('deskbell:painted')))
