import '../../ui/theme.css'
import './popup.css'
import { render } from 'preact'
import { speak } from '../../ui/text.ts'
import { Popup } from './popup.tsx'

speak('Deskbell')
const root = document.getElementById('root')
if (root) {
  root.textContent = '' // the header that stood there while the script came
  render(<Popup />, root)
}
