import '../../ui/theme.css'
import '../../ui/markdown/markdown.css'
import './sidepanel.css'
import { render } from 'preact'
import { speak } from '../../ui/text.ts'
import { Panel } from './panel.tsx'

speak('Deskbell')
const root = document.getElementById('root')
if (root) render(<Panel />, root)
